"""Benchmarks: conversion, live, offline quality; rows that resume."""
