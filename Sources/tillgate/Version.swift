let version: StaticString = "tillgate 0.1.0\n"
