"""What a recipe's model costs, counted without its weights: parameters, tokens, FLOPs, memory."""
