package faultvfs

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// sector is what a disk writes as a whole.
const sector = 512

// A Fault is how the disk fails.
type Fault uint8

const (
	// Broken: every change is an I/O error.
	Broken Fault = iota
	// Full: writes find no space; the rest works.
	Full
	// Locked: every change is refused as if somebody held a lock.
	Locked
)

// String returns the fault as a word.
func (f Fault) String() string {
	return [...]string{"broken", "full", "locked"}[f]
}

var disks atomic.Int64

// A Disk is a registered VFS. It is safe for concurrent use.
type Disk struct {
	name  string
	inner vfs.VFSFilename

	mu    sync.Mutex
	live  map[string]*inode // files by name, as programs see them
	found map[string]*inode // files by name, as they are found after a power loss

	changes int
	failAt  int // 0: never
	always  bool
	fault   Fault
}

// New registers a disk.
func New() *Disk {
	d := &Disk{
		name:  fmt.Sprintf("fault-%d", disks.Add(1)),
		inner: vfs.Find("os").(vfs.VFSFilename),
		live:  map[string]*inode{},
		found: map[string]*inode{},
	}
	vfs.Register(d.name, d)
	return d
}

// Name is the name of the VFS.
func (d *Disk) Name() string { return d.name }

// Close unregisters the disk.
func (d *Disk) Close() { vfs.Unregister(d.name) }

// Changes returns how many changes the disk was asked for since FailAt.
func (d *Disk) Changes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changes
}

// FailAt lets the n-th change from now on fail, and those behind it too if always is
// set. n counts from 1; 0 heals the disk.
func (d *Disk) FailAt(n int, fault Fault, always bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes, d.failAt, d.fault, d.always = 0, n, fault, always
}

// PowerLoss writes into dir the files as they would be found if the power failed now.
// keep is asked for each sector, or other change, that was not synced; nil keeps none.
func (d *Disk) PowerLoss(dir string, keep func() bool) error {
	if keep == nil {
		keep = func() bool { return false }
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	found := maps.Clone(d.found)
	for name := range found {
		if d.live[name] != found[name] && keep() {
			delete(found, name)
		}
	}
	for name, node := range d.live {
		if found[name] == nil && keep() {
			found[name] = node
		}
	}
	for name, node := range found {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), node.after(keep), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// change counts a change and says whether it fails. The caller holds mu.
func (d *Disk) change(write bool, code sqlite3.ExtendedErrorCode) error {
	d.changes++
	if d.failAt == 0 || d.changes < d.failAt || d.changes > d.failAt && !d.always {
		return nil
	}
	switch d.fault {
	case Broken:
		return code
	case Locked:
		return sqlite3.BUSY
	}
	if write {
		return sqlite3.FULL
	}
	return nil
}

// Open implements [vfs.VFS].
func (d *Disk) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	return d.inner.Open(name, flags)
}

// OpenFilename implements [vfs.VFSFilename].
func (d *Disk) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := d.inner.OpenFilename(name, flags)
	if err != nil || name == nil || flags&vfs.OPEN_DELETEONCLOSE != 0 {
		return f, flags, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	path := name.String()
	node := d.live[path]
	if node == nil {
		node = new(inode)
		if b, err := os.ReadFile(path); err == nil && len(b) > 0 {
			node.synced = b // it was there before
			d.found[path] = node
		}
		d.live[path] = node
	}
	return &file{File: f, disk: d, node: node, path: path}, flags, nil
}

// Delete implements [vfs.VFS].
func (d *Disk) Delete(name string, syncDir bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := os.Lstat(name); err == nil {
		if err := d.change(false, sqlite3.IOERR_DELETE); err != nil {
			return err
		}
	}
	if err := d.inner.Delete(name, false); err != nil {
		return err
	}
	delete(d.live, name)
	if syncDir {
		delete(d.found, name)
	}
	return nil
}

// Access implements [vfs.VFS].
func (d *Disk) Access(name string, flags vfs.AccessFlag) (bool, error) {
	return d.inner.Access(name, flags)
}

// FullPathname implements [vfs.VFS].
func (d *Disk) FullPathname(name string) (string, error) { return d.inner.FullPathname(name) }
