enum RPCClientPlaceholder {}
