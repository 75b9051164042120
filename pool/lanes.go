package pool

// lanes says what the zero value of the lanes' settings means: open, or closed if it is
// "off". The linker sets it, so that the tests of every package can be run both ways
// without compiling anything again:
//
//	go test -ldflags '-X github.com/spillwaydb/spillway/pool.lanes=off' ./...
var lanes = "on"

func defaultLane() LanePolicy {
	if lanes == "off" {
		return LaneOff
	}
	return LaneOn
}

func defaultGroup() GroupPolicy {
	if lanes == "off" {
		return GroupOff
	}
	return GroupAuto
}
