// Images of the model as canvases, and pictures of the user as images of the model, decoded as gan-run decodes files.

/** Draws an image, Float32Array of C * H * W in [-1, 1], into a canvas of its size. */
export function draw(canvas, image, [, height, width], shown) {
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  const plane = width * height;
  for (let at = 0; at < plane; at++) {
    for (let i = 0; i < 4; i++) {
      const channel = shown[i];
      pixels.data[4 * at + i] = channel === null ? 255 : (image[channel * plane + at] + 1) * 127.5;
    }
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

/** Decodes a picture file to an image of the model, Float32Array of C * H * W in [-1, 1]. */
export async function decode(file, decoder) {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  return resized(planes(data, decoder), bitmap.width, bitmap.height, decoder);
}

/** The channels of RGBA pixels: gray, colour on the background, or colour and alpha. */
function planes(data, decoder) {
  const length = data.length / 4;
  const result = Array.from({ length: decoder.channels }, () => new Float32Array(length));
  for (let at = 0; at < length; at++) {
    const alpha = data[4 * at + 3] / 255;
    const on = (i) => Math.round(data[4 * at + i] * alpha + decoder.background[i] * (1 - alpha));
    if (decoder.channels === 1) {
      result[0][at] = (on(0) * 19595 + on(1) * 38470 + on(2) * 7471 + 0x8000) >> 16; // ITU-R 601, as Pillow rounds it
    } else {
      for (let i = 0; i < decoder.channels; i++) result[i][at] = decoder.channels === 4 ? data[4 * at + i] : on(i);
    }
  }
  return result;
}

function resized(channels, width, height, decoder) {
  let box = [0, 0, width, height];
  if (decoder.crop) {
    const [left, top] = [(width - decoder.crop) >> 1, (height - decoder.crop) >> 1];
    box = [left, top, left + decoder.crop, top + decoder.crop];
  }
  const place = placed(box, decoder);
  const [outWidth, outHeight] = [decoder.width, decoder.height];
  const image = new Float32Array(channels.length * outWidth * outHeight);
  channels.forEach((plane, channel) => {
    const small = resample(plane, width, place.box, place.width, place.height);
    const margin = decoder.channels === 4 ? 0 : gray(decoder, channel);
    const target = image.subarray(channel * outWidth * outHeight, (channel + 1) * outWidth * outHeight).fill(margin);
    for (let y = 0; y < place.height; y++) {
      for (let x = 0; x < place.width; x++) {
        target[(y + place.top) * outWidth + x + place.left] = small[y * place.width + x];
      }
    }
  });
  return image.map((pixel) => pixel / 127.5 - 1);
}

function gray(decoder, channel) {
  const [red, green, blue] = decoder.background;
  return decoder.channels === 1 ? (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16 : decoder.background[channel];
}

/** The part of the picture that is used, and where it is in the image. */
function placed([left, top, right, bottom], { fit, width, height }) {
  const [across, down] = [right - left, bottom - top];
  if (fit === "pad") {
    const scale = Math.min(width / across, height / down);
    const [w, h] = [Math.max(1, Math.round(across * scale)), Math.max(1, Math.round(down * scale))];
    return { box: [left, top, right, bottom], width: w, height: h, left: (width - w) >> 1, top: (height - h) >> 1 };
  }
  let box = [left, top, right, bottom];
  if (fit === "crop") {
    const ratio = width / height;
    const [w, h] = across / down >= ratio ? [down * ratio, down] : [across, across / ratio];
    box = [left + (across - w) / 2, top + (down - h) / 2, left + (across + w) / 2, top + (down + h) / 2];
  }
  return { box, width, height, left: 0, top: 0 };
}

/** Resizes a part of a plane by a Lanczos filter of three lobes: across, then down, rounded in between, as Pillow does. */
function resample(plane, width, [left, top, right, bottom], outWidth, outHeight) {
  const height = plane.length / width;
  const across = weights(width, left, right, outWidth);
  const rows = new Float32Array(outWidth * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      across[x].weights.forEach((weight, i) => (sum += weight * plane[y * width + across[x].first + i]));
      rows[y * outWidth + x] = byte(sum);
    }
  }
  const down = weights(height, top, bottom, outHeight);
  const result = new Float32Array(outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      down[y].weights.forEach((weight, i) => (sum += weight * rows[(down[y].first + i) * outWidth + x]));
      result[y * outWidth + x] = byte(sum);
    }
  }
  return result;
}

/** For each pixel of the result, the first pixel of the source and the weights from there. */
function weights(size, from, to, outSize) {
  const scale = (to - from) / outSize;
  const stretch = Math.max(scale, 1);
  if (from === 0 && to === size && size === outSize) {
    return Array.from({ length: size }, (_, first) => ({ first, weights: [1] }));
  }
  return Array.from({ length: outSize }, (_, at) => {
    const centre = from + (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - 3 * stretch + 0.5));
    const last = Math.min(size, Math.trunc(centre + 3 * stretch + 0.5));
    const raw = Array.from({ length: last - first }, (_, i) => lanczos((first + i - centre + 0.5) / stretch));
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: raw.map((weight) => weight / total) };
  });
}

function lanczos(x) {
  return Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0;
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function byte(value) {
  return Math.min(255, Math.max(0, Math.round(value)));
}
