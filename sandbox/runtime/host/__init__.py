"""The sandbox's one process: the emulator, the overlays and the front that leads requests to them."""
