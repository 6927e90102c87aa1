CREATE TABLE second (body BLOB);
