"""Feature networks: distillation, fitting, judging."""
