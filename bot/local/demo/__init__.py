"""The demo: the stage put together, a story played on it, and what came of it, witnessed.

Nothing here asks the bot what happened: the API server, the proxy's answers and the workspace do.
"""
