"""How commands become sealed events: admission, request table, sealing; pure, over domain and proof."""
