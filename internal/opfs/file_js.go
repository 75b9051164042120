package opfs

import (
	"fmt"
	"io"
	"syscall/js"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/spillwaydb/spillway/internal/promise"
)

// sectorSize is what SQLite takes for the piece that a power loss can damage: the block
// of usual disks.
const sectorSize = 4096

// file implements [vfs.File] over a FileSystemSyncAccessHandle
// (https://fs.spec.whatwg.org/#api-filesystemsyncaccesshandle).
type file struct {
	fs   *fileSystem
	name string
	lock vfs.LockLevel
	// The handle's methods, bound to it: calling a function saves the method's name from
	// crossing each time.
	read, write, truncate, flush, getSize, close js.Value
}

var _ vfs.FileLockState = (*file)(nil)

func newFile(fs *fileSystem, name string, handle js.Value) *file {
	bound := func(method string) js.Value { return handle.Get(method).Call("bind", handle) }
	return &file{
		fs: fs, name: name,
		read: bound("read"), write: bound("write"), truncate: bound("truncate"),
		flush: bound("flush"), getSize: bound("getSize"), close: bound("close"),
	}
}

// call calls f and returns what it threw as an error.
func call(f js.Value, args ...any) (v js.Value, err error) {
	defer promise.Catch(&err)
	return f.Invoke(args...), nil
}

// ReadAt implements [io.ReaderAt].
func (f *file) ReadAt(b []byte, off int64) (n int, err error) {
	buffer.Lock()
	defer buffer.Unlock()
	for n < len(b) {
		piece := b[n:min(len(b), n+bufferSize)]
		v := viewOf(len(piece))
		got, err := call(f.read, v.arg, offset(off+int64(n)))
		if err != nil {
			return n, fail(f.name, "read", err, sqlite3.IOERR_READ)
		}
		k := js.CopyBytesToGo(piece[:got.Int()], v.value)
		n += k
		if k < len(piece) {
			return n, io.EOF
		}
	}
	return n, nil
}

// WriteAt implements [io.WriterAt].
func (f *file) WriteAt(b []byte, off int64) (n int, err error) {
	buffer.Lock()
	defer buffer.Unlock()
	for n < len(b) {
		piece := b[n:min(len(b), n+bufferSize)]
		v := viewOf(len(piece))
		js.CopyBytesToJS(v.value, piece)
		put, err := call(f.write, v.arg, offset(off+int64(n)))
		if err != nil {
			return n, fail(f.name, "write", err, sqlite3.IOERR_WRITE)
		}
		k := put.Int()
		n += k
		if k < len(piece) {
			// Only a lack of space makes a write short.
			return n, fail(f.name, "write", fmt.Errorf("%d of %d bytes written", k, len(piece)), sqlite3.FULL)
		}
	}
	return n, nil
}

// Truncate implements [vfs.File].
func (f *file) Truncate(size int64) error {
	if _, err := call(f.truncate, float64(size)); err != nil {
		return fail(f.name, "truncate", err, sqlite3.IOERR_TRUNCATE)
	}
	return nil
}

// Sync implements [vfs.File].
func (f *file) Sync(vfs.SyncFlag) error {
	if _, err := call(f.flush); err != nil {
		return fail(f.name, "flush", err, sqlite3.IOERR_FSYNC)
	}
	return nil
}

// Size implements [vfs.File].
func (f *file) Size() (int64, error) {
	n, err := call(f.getSize)
	if err != nil {
		return 0, fail(f.name, "measure", err, sqlite3.IOERR_FSTAT)
	}
	return int64(n.Float()), nil
}

// Close implements [io.Closer]. The file is free for others when it returns.
func (f *file) Close() error {
	defer f.fs.give(f.name)
	if _, err := call(f.close); err != nil {
		return fail(f.name, "close", err, sqlite3.IOERR_CLOSE)
	}
	return nil
}

// Lock implements [vfs.File]. The handle is exclusive, so every lock is free.
func (f *file) Lock(lock vfs.LockLevel) error {
	f.lock = max(f.lock, lock)
	return nil
}

// Unlock implements [vfs.File].
func (f *file) Unlock(lock vfs.LockLevel) error {
	f.lock = min(f.lock, lock)
	return nil
}

// CheckReservedLock implements [vfs.File].
func (f *file) CheckReservedLock() (bool, error) { return f.lock >= vfs.LOCK_RESERVED, nil }

// LockState implements [vfs.FileLockState].
func (f *file) LockState() vfs.LockLevel { return f.lock }

// SectorSize implements [vfs.File].
func (*file) SectorSize() int { return sectorSize }

// DeviceCharacteristics implements [vfs.File]: bytes beside a write survive a power loss,
// as SQLite takes for granted on ordinary disks, and an open file can not be deleted.
func (*file) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_POWERSAFE_OVERWRITE | vfs.IOCAP_UNDELETABLE_WHEN_OPEN
}
