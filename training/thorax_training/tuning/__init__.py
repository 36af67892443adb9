"""Training all layers of the backbones, on a graphics card: variations, mixing of sources, the fit, what it gives elsewhere."""
