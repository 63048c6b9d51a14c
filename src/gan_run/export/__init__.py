"""A trained model as files for other programs: ONNX, torch.export, plain weights."""
