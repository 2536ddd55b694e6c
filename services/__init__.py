"""The rules of the network. They know no socket, no HTTP and no driver."""
