// Package fake is a driver under a test's control: connections that take as long as a
// script says, statements that fail, hang or lose their connection, in virtual time
// (testing/synctest) or real.
//
// It answers by itself or stands before another driver. With Connector.Inner set it
// passes on what the script does not handle, so faults can be injected in front of a
// real SQLite or a real Postgres. It leaves to others what a database is: alone it keeps
// no data.
package fake
