package pool

import "time"

// BatchFor changes how long a batch takes further units, so that a test does not depend
// on how fast the machine is. It must come before the first write.
func (p *Pool) BatchFor(d time.Duration) { p.writers.batchFor = d }

// Crowded makes the readers believe that many read at once.
func (p *Pool) Crowded(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readers.company = n
}
