"""The operations of the contract: what each takes, who may call it, which rule it calls."""
