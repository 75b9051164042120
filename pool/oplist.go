package pool

// opList is a queue of operations, linked through the operations themselves, so that one
// can leave from the middle at no cost. Guarded by Pool.mu.
type opList struct {
	head, tail *Op
	len        int
}

func (l *opList) push(op *Op) {
	op.list, op.prev, op.next = l, l.tail, nil
	if l.tail == nil {
		l.head = op
	} else {
		l.tail.next = op
	}
	l.tail = op
	l.len++
}

func (l *opList) pushFront(op *Op) {
	op.list, op.prev, op.next = l, nil, l.head
	if l.head == nil {
		l.tail = op
	} else {
		l.head.prev = op
	}
	l.head = op
	l.len++
}

func (l *opList) remove(op *Op) {
	if op.prev == nil {
		l.head = op.next
	} else {
		op.prev.next = op.next
	}
	if op.next == nil {
		l.tail = op.prev
	} else {
		op.next.prev = op.prev
	}
	op.list, op.prev, op.next = nil, nil, nil
	l.len--
}
