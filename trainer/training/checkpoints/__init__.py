"""Checkpoints: independent of ZeRO and of how many processes wrote them, whole or absent.

`RUN/<stage>/checkpoints/step-000123/` holds `state.json` and the trained tensors, in fp32 and with
Adam's moments, in safetensors. What is frozen is not in it: it is loaded again from where the stage
started, and compared by its digests.
"""
