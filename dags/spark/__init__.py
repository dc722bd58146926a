"""The Spark session and its surroundings: Java, S3A, error translation, concurrency, frames."""
