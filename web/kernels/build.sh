#!/bin/sh
# Compiles kernels.c to kernels.wasm; needs clang and lld (Debian: clang lld).
set -eu
cd "$(dirname "$0")"
clang --target=wasm32 -O3 -msimd128 -mbulk-memory -mnontrapping-fptoint -nostdlib -ffreestanding -Wall -Wextra -Werror \
  -Wl,--no-entry -Wl,--export=__heap_base -Wl,--strip-all -o "${1:-kernels.wasm}" kernels.c
