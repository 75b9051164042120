//go:build !spillway_nolanes

package pool

// What the zero value of the lanes' settings means. A build with the tag
// spillway_nolanes has them switched off where nothing is said, so that the tests of all
// packages can run with and without.
const (
	defaultLane  = LaneOn
	defaultGroup = GroupAuto
)
