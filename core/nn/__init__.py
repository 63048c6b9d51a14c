"""The toolbox for networks: layers, resolutions."""
