package models

type record struct{}
