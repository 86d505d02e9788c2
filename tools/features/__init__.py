"""Slim feature network: distillation from SqueezeNet, least-squares fit, evaluation."""
