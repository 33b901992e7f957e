"""Images in shards: indexed once, read and decoded as they are needed, in an order that stays close to the disk."""
