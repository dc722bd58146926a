"""Stand-in for the library that only Glue's Python has. The real one needs Glue's classes in the JVM."""
