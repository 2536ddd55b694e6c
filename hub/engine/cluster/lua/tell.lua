-- Publish a message that has no number. KEYS: bus   ARGV: channel, message
return redis.call('PUBLISH', ARGV[1], ARGV[2])
