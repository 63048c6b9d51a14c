// What the page holds: the description of the model as JSON, and files as gzipped base64.

export function json(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** The bytes of an embedded file, an ArrayBuffer. */
export async function file(id) {
  const packed = decodeBase64(document.getElementById(id).textContent);
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unpacked).arrayBuffer();
}

export function decodeBase64(text) {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
