package opfs

import (
	"context"
	"fmt"
	"path"
	"strings"
	"syscall/js"

	"github.com/spillwaydb/spillway/internal/promise"
)

// Available reports whether databases can be kept here: nil, or an error that wraps
// [ErrUnavailable] and says what is missing. It does not touch the file system.
func Available() error {
	missing := func(what string) error { return fmt.Errorf("%w: %s", ErrUnavailable, what) }
	global := js.Global()
	switch {
	case global.Get("DedicatedWorkerGlobalScope").IsUndefined():
		return missing("files can be opened in a dedicated worker only, and this is none; start the program with new Worker(…)")
	case !global.Get("isSecureContext").Truthy():
		return missing("the page was not served over https or from localhost")
	}
	storage := global.Get("navigator").Get("storage")
	if storage.IsUndefined() || storage.Get("getDirectory").IsUndefined() {
		return missing("this browser has no navigator.storage.getDirectory")
	}
	handle := global.Get("FileSystemFileHandle")
	if handle.IsUndefined() || handle.Get("prototype").Get("createSyncAccessHandle").IsUndefined() {
		return missing("this browser has no FileSystemFileHandle.createSyncAccessHandle")
	}
	return nil
}

// await waits for what start begins. Opening, deleting and looking up take no context
// from SQLite; the browser answers them in any case.
func await(start func() js.Value) (js.Value, error) {
	p, err := promise.Try(start)
	if err != nil {
		return js.Undefined(), err
	}
	return promise.Await(context.Background(), p)
}

// parent finds the directory that holds the file called name, and the file's name in it.
// With create it makes missing directories.
func parent(name string, create bool) (dir js.Value, base string, err error) {
	if err := Available(); err != nil {
		return js.Undefined(), "", err
	}
	dir, err = await(func() js.Value {
		return js.Global().Get("navigator").Get("storage").Call("getDirectory")
	})
	if err != nil {
		// Private windows of some browsers have the method and refuse the call.
		return js.Undefined(), "", fmt.Errorf("%w: the browser refuses access (%w)", ErrUnavailable, err)
	}
	folders, base := path.Split(name)
	for folder := range strings.SplitSeq(strings.Trim(folders, "/"), "/") {
		if folder == "" {
			continue
		}
		dir, err = await(func() js.Value {
			return dir.Call("getDirectoryHandle", folder, map[string]any{"create": create})
		})
		if err != nil {
			return js.Undefined(), "", err
		}
	}
	return dir, base, nil
}

// lookup returns the handle of the file called name.
func lookup(name string, create bool) (js.Value, error) {
	dir, base, err := parent(name, create)
	if err != nil {
		return js.Undefined(), err
	}
	return await(func() js.Value {
		return dir.Call("getFileHandle", base, map[string]any{"create": create})
	})
}
