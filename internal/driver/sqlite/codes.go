package sqlite

import (
	"fmt"

	"github.com/ncruces/go-sqlite3"
)

// primaryNames are the names of the result codes
// (https://www.sqlite.org/rescode.html#result_code_list).
var primaryNames = [...]string{
	1: "ERROR", 2: "INTERNAL", 3: "PERM", 4: "ABORT", 5: "BUSY", 6: "LOCKED", 7: "NOMEM",
	8: "READONLY", 9: "INTERRUPT", 10: "IOERR", 11: "CORRUPT", 12: "NOTFOUND", 13: "FULL",
	14: "CANTOPEN", 15: "PROTOCOL", 16: "EMPTY", 17: "SCHEMA", 18: "TOOBIG",
	19: "CONSTRAINT", 20: "MISMATCH", 21: "MISUSE", 22: "NOLFS", 23: "AUTH", 24: "FORMAT",
	25: "RANGE", 26: "NOTADB", 27: "NOTICE", 28: "WARNING",
}

// extendedNames are the names behind the primary one, from number 1.
var extendedNames = map[sqlite3.ErrorCode][]string{
	sqlite3.ERROR: {"MISSING_COLLSEQ", "RETRY", "SNAPSHOT", "RESERVESIZE", "KEY", "UNABLE"},
	sqlite3.IOERR: {
		"READ", "SHORT_READ", "WRITE", "FSYNC", "DIR_FSYNC", "TRUNCATE", "FSTAT", "UNLOCK",
		"RDLOCK", "DELETE", "BLOCKED", "NOMEM", "ACCESS", "CHECKRESERVEDLOCK", "LOCK",
		"CLOSE", "DIR_CLOSE", "SHMOPEN", "SHMSIZE", "SHMLOCK", "SHMMAP", "SEEK",
		"DELETE_NOENT", "MMAP", "GETTEMPPATH", "CONVPATH", "VNODE", "AUTH", "BEGIN_ATOMIC",
		"COMMIT_ATOMIC", "ROLLBACK_ATOMIC", "DATA", "CORRUPTFS", "IN_PAGE", "BADKEY", "CODEC",
	},
	sqlite3.LOCKED:   {"SHAREDCACHE", "VTAB"},
	sqlite3.BUSY:     {"RECOVERY", "SNAPSHOT", "TIMEOUT"},
	sqlite3.CANTOPEN: {"NOTEMPDIR", "ISDIR", "FULLPATH", "CONVPATH", "DIRTYWAL", "SYMLINK"},
	sqlite3.CORRUPT:  {"VTAB", "SEQUENCE", "INDEX"},
	sqlite3.READONLY: {"RECOVERY", "CANTLOCK", "ROLLBACK", "DBMOVED", "CANTINIT", "DIRECTORY"},
	sqlite3.ABORT:    {"", "ROLLBACK"},
	sqlite3.CONSTRAINT: {
		"CHECK", "COMMITHOOK", "FOREIGNKEY", "FUNCTION", "NOTNULL", "PRIMARYKEY", "TRIGGER",
		"UNIQUE", "VTAB", "ROWID", "PINNED", "DATATYPE",
	},
	sqlite3.AUTH: {"USER"},
}

// codeName returns the name of the extended result code of an error, such as
// SQLITE_CONSTRAINT_UNIQUE; empty if it has none.
func codeName(err error) string {
	primary, n := sqliteCode(err), int(extendedCode(err)>>8)
	if primary == 0 {
		return ""
	}
	if int(primary) >= len(primaryNames) {
		return fmt.Sprintf("SQLITE_%d", extendedCode(err))
	}
	name := "SQLITE_" + primaryNames[primary]
	if more := extendedNames[primary]; n > 0 && n <= len(more) && more[n-1] != "" {
		name += "_" + more[n-1]
	}
	return name
}
