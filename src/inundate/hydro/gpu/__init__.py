"""The solver on tensors: any device, ensembles in one run, gradients; and on CUDA with Triton."""
