"""The one place where LLVM values are built by hand; families of kernels build none."""
