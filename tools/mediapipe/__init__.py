"""MediaPipe's networks for persons and faces: conversion of their files to ONNX."""
