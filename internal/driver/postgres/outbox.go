package postgres

// An outbox sends what a connection encodes. A flight that is large goes out in parts
// while the rest of it is still being encoded, so that the server has something to do.
type outbox struct {
	c     *Conn
	most  int         // parts that there can be, but for the last
	parts chan []byte // nil: nothing was sent yet
	done  chan struct{}
}

// partSize is the size from which a part is sent: as much as is written at once anyway.
const partSize = maxInline

// forward sends the buffer if it has grown large. Nothing waits for the server here: it
// may not read on before we read what it answers.
func (o *outbox) forward() {
	w := &o.c.wire
	if len(w.buf) < partSize {
		return
	}
	if o.parts == nil {
		o.parts, o.done = make(chan []byte, o.most+1), make(chan struct{})
		go o.write(w.buf)
	} else {
		o.parts <- w.buf
	}
	w.buf = make([]byte, 0, 2*partSize)
}

// write writes a part, and those that follow. An error shows when the answers are read, as
// nothing comes then.
func (o *outbox) write(part []byte) {
	defer close(o.done)
	for more := true; more; part, more = <-o.parts {
		if _, err := o.c.net.Write(part); err != nil {
			_ = o.c.net.Close()
			return
		}
	}
}

// send sends the rest. The channel is closed when all is written.
func (o *outbox) send() <-chan struct{} {
	buf := o.c.wire.buf
	switch {
	case o.parts != nil:
		o.parts <- buf
		o.c.wire.buf = nil
		close(o.parts)
		return o.done
	case len(buf) <= maxInline:
		if _, err := o.c.net.Write(buf); err != nil {
			_ = o.c.net.Close()
		}
		return written
	}
	o.parts, o.done = make(chan []byte), make(chan struct{})
	close(o.parts)
	go o.write(buf)
	return o.done
}

var written = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// send sends what is encoded, all of it.
func (c *Conn) send() <-chan struct{} {
	o := outbox{c: c}
	return o.send()
}
