package faultvfs

import (
	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// file is an open file. It offers what the file of the operating system does, except
// for memory mapping and preallocation, which would go past it.
type file struct {
	vfs.File
	disk *Disk
	node *inode
	path string
}

var (
	_ vfs.FileLockState          = (*file)(nil)
	_ vfs.FileSharedMemory       = (*file)(nil)
	_ vfs.FilePersistWAL         = (*file)(nil)
	_ vfs.FilePowersafeOverwrite = (*file)(nil)
	_ vfs.FileHasMoved           = (*file)(nil)
)

// WriteAt implements [vfs.File].
func (f *file) WriteAt(b []byte, offset int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	failed := f.disk.change(true, sqlite3.IOERR_WRITE)
	if failed == sqlite3.BUSY {
		return 0, failed // it has not even begun
	}
	if failed != nil {
		b = b[:len(b)/2]
	}
	n, err := f.File.WriteAt(b, offset)
	if err != nil {
		return n, err
	}
	f.node.pending = append(f.node.pending, pending{offset: offset, data: append([]byte(nil), b...)})
	return n, failed
}

// Truncate implements [vfs.File].
func (f *file) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.change(false, sqlite3.IOERR_TRUNCATE); err != nil {
		return err
	}
	if err := f.File.Truncate(size); err != nil {
		return err
	}
	f.node.pending = append(f.node.pending, pending{offset: size, truncate: true})
	return nil
}

// Sync implements [vfs.File]. The disk of the machine is not waited for.
func (f *file) Sync(vfs.SyncFlag) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.change(false, sqlite3.IOERR_FSYNC); err != nil {
		return err
	}
	f.node.sync()
	if f.disk.live[f.path] == f.node {
		f.disk.found[f.path] = f.node
	}
	return nil
}

// SharedMemory implements [vfs.FileSharedMemory].
func (f *file) SharedMemory() vfs.SharedMemory {
	if inner, ok := f.File.(vfs.FileSharedMemory); ok {
		return inner.SharedMemory()
	}
	return nil
}

// LockState implements [vfs.FileLockState].
func (f *file) LockState() vfs.LockLevel { return f.File.(vfs.FileLockState).LockState() }

// HasMoved implements [vfs.FileHasMoved].
func (f *file) HasMoved() (bool, error) { return f.File.(vfs.FileHasMoved).HasMoved() }

// PersistWAL implements [vfs.FilePersistWAL].
func (f *file) PersistWAL() bool { return f.File.(vfs.FilePersistWAL).PersistWAL() }

// SetPersistWAL implements [vfs.FilePersistWAL].
func (f *file) SetPersistWAL(keep bool) { f.File.(vfs.FilePersistWAL).SetPersistWAL(keep) }

// PowersafeOverwrite implements [vfs.FilePowersafeOverwrite].
func (f *file) PowersafeOverwrite() bool {
	return f.File.(vfs.FilePowersafeOverwrite).PowersafeOverwrite()
}

// SetPowersafeOverwrite implements [vfs.FilePowersafeOverwrite].
func (f *file) SetPowersafeOverwrite(on bool) {
	f.File.(vfs.FilePowersafeOverwrite).SetPowersafeOverwrite(on)
}
