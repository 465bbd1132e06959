"""The model, its configuration and its processor, as transformers wants them."""
