header = { version = 1.1, label = 'limit' }
