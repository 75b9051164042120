package metrics

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Register makes a collector of src and registers it with reg; nil stands for
// [prometheus.DefaultRegisterer]. Pools are told apart by their names: registering a
// second one of the same name and backend is an error that says so, and unwraps to
// [prometheus.AlreadyRegisteredError].
func Register(reg prometheus.Registerer, src Source, opts ...Option) error {
	if reg == nil {
		reg = prometheus.DefaultRegisterer
	}
	c := NewCollector(src, opts...)
	err := reg.Register(c)
	if _, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		return fmt.Errorf("metrics: a %s pool named %q is registered already; give each pool its own Config.Name: %w", c.backend, c.pool, err)
	}
	if err != nil {
		return fmt.Errorf("metrics: pool %q: %w", c.pool, err)
	}
	return nil
}
