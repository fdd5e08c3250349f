"""Compression: the model as ONNX, and how much smaller and faster it gets at what loss."""
