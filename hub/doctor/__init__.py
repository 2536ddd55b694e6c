"""`navswap doctor`: what could keep a hub from running well here, and what to do about it."""
