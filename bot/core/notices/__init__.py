"""What people should be told of one rollout: from the world to the facts of messages, pure."""
