"""Training of the Thorax bundle: backbones from package registries, linear heads, calibration, gate, export, card."""
