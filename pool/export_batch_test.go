package pool

import "time"

// BatchFor changes how long a batch takes further units, so that a test does not depend
// on how fast the machine is. It must come before the first write.
func (p *Pool) BatchFor(d time.Duration) { p.writers.batchFor = d }
