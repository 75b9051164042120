package opfs

import (
	"fmt"
	"path"
	"strings"
	"sync"
	"syscall/js"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// Name is the name under which the VFS is registered.
const Name = "opfs"

// OpenTimeout bounds the wait for a file that someone else has open.
const OpenTimeout = 2 * time.Second

func init() { vfs.Register(Name, &fileSystem{open: make(map[string]bool)}) }

// fileSystem implements [vfs.VFS].
type fileSystem struct {
	mu   sync.Mutex
	open map[string]bool // files that this program has open, by full name
}

// Open implements [vfs.VFS].
func (s *fileSystem) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	const kept = vfs.OPEN_MAIN_DB | vfs.OPEN_MAIN_JOURNAL | vfs.OPEN_WAL | vfs.OPEN_SUPER_JOURNAL
	if name == "" || flags&kept == 0 {
		return new(vfsutil.SliceFile), flags | vfs.OPEN_MEMORY, nil
	}
	if !s.take(name) {
		return nil, flags, inUse(name, "is already open in this program", "use the open database")
	}
	handle, err := openHandle(name, flags&vfs.OPEN_CREATE != 0)
	if err != nil {
		s.give(name)
		return nil, flags, openError(name, err)
	}
	return newFile(s, name, handle), flags, nil
}

// openHandle opens the file, waiting while someone else has it.
func openHandle(name string, create bool) (js.Value, error) {
	file, err := lookup(name, create)
	if err != nil {
		return js.Undefined(), err
	}
	deadline := time.Now().Add(OpenTimeout)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		handle, err := await(func() js.Value { return file.Call("createSyncAccessHandle") })
		if err == nil || !isNamed(err, nameNoModification) || time.Now().After(deadline) {
			return handle, err
		}
		time.Sleep(pause) // no event tells when a handle is given back
	}
}

// Delete implements [vfs.VFS].
func (*fileSystem) Delete(name string, _ bool) error {
	dir, base, err := parent(name, false)
	if err == nil {
		_, err = await(func() js.Value { return dir.Call("removeEntry", base) })
	}
	switch {
	case err == nil:
		return nil
	case isNamed(err, nameNotFound):
		return sqlite3.IOERR_DELETE_NOENT
	}
	return fail(name, "delete", err, sqlite3.IOERR_DELETE)
}

// Access implements [vfs.VFS].
func (*fileSystem) Access(name string, _ vfs.AccessFlag) (bool, error) {
	_, err := lookup(name, false)
	switch {
	case err == nil:
		return true, nil
	case isNamed(err, nameNotFound), isNamed(err, nameTypeMismatch):
		return false, nil
	}
	return false, fail(name, "look for", err, sqlite3.IOERR_ACCESS)
}

// FullPathname implements [vfs.VFS]: names are relative to the origin's directory, with
// or without a slash in front.
func (*fileSystem) FullPathname(name string) (string, error) {
	full := strings.TrimPrefix(path.Clean("/"+name), "/")
	if full == "" {
		return "", vfs.SystemError(fmt.Errorf("opfs: %q names no file", name), sqlite3.CANTOPEN)
	}
	return full, nil
}

func (s *fileSystem) take(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[name] {
		return false
	}
	s.open[name] = true
	return true
}

func (s *fileSystem) give(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, name)
}
