"""The Web API methods, one module a family: pure changes of the state, no HTTP."""
