package sqlite_test

const childEnv = "SPILLWAY_SQLITE_TEST_CHILD"

func writeUntilKilled(string) {}
