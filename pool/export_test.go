package pool

import "time"

// Learn tells the shape what its statement takes.
func (s *Shape) Learn(took time.Duration) { s.ran(took, 1) }
