"""Person segmentation network: conversion from MediaPipe's file, and its presence score."""
