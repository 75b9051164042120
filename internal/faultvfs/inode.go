package faultvfs

// inode is the content of a file: what is on the disk, and what came after it.
type inode struct {
	synced  []byte
	pending []pending
}

// pending is a change that was not synced.
type pending struct {
	offset   int64
	data     []byte
	truncate bool // to offset
}

// sync puts everything on the disk.
func (n *inode) sync() {
	for _, p := range n.pending {
		n.synced = p.apply(n.synced)
	}
	n.pending = nil
}

// after returns what is found if only the unsynced changes that keep picks reach the
// disk.
func (n *inode) after(keep func() bool) []byte {
	b := append([]byte(nil), n.synced...)
	for _, p := range n.pending {
		for _, part := range p.split() {
			if keep() {
				b = part.apply(b)
			}
		}
	}
	return b
}

// split cuts a write at the borders of sectors.
func (p pending) split() []pending {
	if p.truncate {
		return []pending{p}
	}
	var parts []pending
	for at, data := p.offset, p.data; len(data) > 0; {
		n := min(int64(len(data)), sector-at%sector)
		parts = append(parts, pending{offset: at, data: data[:n]})
		at, data = at+n, data[n:]
	}
	return parts
}

func (p pending) apply(b []byte) []byte {
	end := p.offset + int64(len(p.data))
	if grow := end - int64(len(b)); grow > 0 {
		b = append(b, make([]byte, grow)...)
	}
	if p.truncate {
		return b[:p.offset]
	}
	copy(b[p.offset:], p.data)
	return b
}
