package models_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/testdb"
	"github.com/spillwaydb/spillway/models"
)

type Chicken struct {
	models.Model
	EggID *int64 `db:",fk=eggs.id,ondelete=setnull"`
	Boss  *int64 `db:",fk=chickens.id"`
}

type Egg struct {
	models.Model
	ChickenID *int64 `db:",fk=chickens.id,ondelete=setnull"`
	Laid      string `db:",index=laid_by"`
	By        string `db:"by_whom,index=laid_by,unique=one_each"`
	Name      string `db:",unique=one_each,type.postgres=varchar(40),type.sqlite=VARCHAR(40)"`
}

func TestCreateTablesInACircle(t *testing.T) {
	r := models.NewRegistry()
	chickenT, eggT := models.RegisterIn[Chicken](r), models.RegisterIn[Egg](r)
	both(t, r, func(t *testing.T, db *models.Engine) {
		ctx := t.Context()
		for range 2 {
			must(t, models.CreateTables(ctx, db))
		}
		c := &Chicken{}
		must(t, models.Create(ctx, db, c))
		e := &Egg{ChickenID: &c.ID}
		must(t, models.Create(ctx, db, e))
		bad := int64(4711)
		for _, err := range []error{models.Create(ctx, db, &Egg{ChickenID: &bad, Name: "a"}), models.Create(ctx, db, &Chicken{EggID: &bad})} {
			if !errors.Is(err, driver.ErrForeignKey) {
				t.Errorf("%v: a foreign key is missing", err)
			}
		}
		if err := models.Create(ctx, db, &Egg{}); !errors.Is(err, driver.ErrUnique) {
			t.Errorf("%v: the unique constraint of two columns is missing", err)
		}
		_, err := models.Exec(ctx, db, models.Delete(chickenT).Where(models.Eq(&chickenT.ID, c.ID)))
		must(t, err)
		if n, err := models.Count(ctx, db, models.From(eggT).Where(models.IsNull(&eggT.ChickenID))); n != 1 || err != nil {
			t.Errorf("%d, %v: ON DELETE SET NULL is missing", n, err)
		}
	})
}

func TestCreateTablesByManyAtOnce(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range 8 {
			e, _ := openPool(t, url, blog)
			wg.Go(func() {
				<-start
				if err := models.CreateTables(t.Context(), e); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
	})
}

func TestCreateTablesInASession(t *testing.T) {
	testdb.Both(t, func(t *testing.T, url string) {
		ctx := t.Context()
		e, _ := openPool(t, url, blog)
		s := models.NewSession(e, "test")
		defer s.Close()
		must(t, models.CreateTables(ctx, s))
		s.Add(newUser("ada"))
		must(t, s.Flush(ctx))
		must(t, s.Rollback(ctx))
		if _, err := models.Count(ctx, e, models.From(userT)); !errors.Is(err, driver.ErrNoTable) {
			t.Errorf("%v: the tables were not rolled back", err)
		}
		must(t, models.CreateTables(ctx, s))
		must(t, s.Commit(ctx))
		if n := count(t, e, userT); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestCreateTablesRefusesWhatDoesNotFit(t *testing.T) {
	type Lost struct {
		ID  int64
		Ref int64 `db:",fk=nowhere.id"`
	}
	r := models.NewRegistry()
	models.RegisterIn[Lost](r)
	e, _ := openPool(t, "sqlite::memory:", r)
	if err := models.CreateTables(t.Context(), e); err == nil || !containsText(err, "Lost.Ref") {
		t.Errorf("%v", err)
	}
	empty, _ := openPool(t, "sqlite::memory:", models.NewRegistry())
	must(t, models.CreateTables(t.Context(), empty))
}
