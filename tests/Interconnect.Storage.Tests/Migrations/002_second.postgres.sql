CREATE TABLE second (body BYTEA);
